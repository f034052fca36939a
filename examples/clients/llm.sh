#!/bin/sh
# The llm command, with models of its own in extra-openai-models.yaml.   pip install llm
set -eu
LLM_USER_PATH=$(mktemp -d)
export LLM_USER_PATH
trap 'rm -rf "$LLM_USER_PATH"' EXIT
sed "s|http://127.0.0.1:44497|${ARGOPROXY_URL:-http://127.0.0.1:44497}|" \
    "$(dirname "$0")/extra-openai-models.yaml" > "$LLM_USER_PATH/extra-openai-models.yaml"

for model in argo-gpt-4o argo-claude argo-gemini; do
    llm -m $model "Hello"
    llm -m $model --no-stream "Hello"
    llm -m $model -T llm_version "Which version is it?"
done
