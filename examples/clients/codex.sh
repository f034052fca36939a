#!/bin/sh
# Codex, for one prompt.   npm install @openai/codex
set -eu
URL=${ARGOPROXY_URL:-http://127.0.0.1:44497}

# The same may stand in ~/.codex/config.toml: see docs/clients.md.
codex exec --skip-git-repo-check --model gpt-5 \
    --config model_provider=argo \
    --config model_context_window=400000 \
    --config "model_providers.argo={name='ARGO', base_url='$URL/v1', wire_api='responses'}" \
    "Hello" < /dev/null
