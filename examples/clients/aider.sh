#!/bin/sh
# aider, for one message.   pip install aider-chat
set -eu
OPENAI_API_BASE=${ARGOPROXY_URL:-http://127.0.0.1:44497}/v1
OPENAI_API_KEY=unused
export OPENAI_API_BASE OPENAI_API_KEY

# The weak model writes messages of commits; its default is none that ARGO has.
aider --model openai/gpt-4o --weak-model openai/gpt-4o --no-git --no-check-update --analytics-disable --yes-always \
    --message "Hello"
