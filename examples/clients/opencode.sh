#!/bin/sh
# opencode, for one prompt.   npm install opencode-ai
set -eu
ARGOPROXY_URL=${ARGOPROXY_URL:-http://127.0.0.1:44497}
OPENCODE_CONFIG=$(cd "$(dirname "$0")" && pwd)/opencode.json
export ARGOPROXY_URL OPENCODE_CONFIG

opencode run --model argo/gpt-4o "Hello" < /dev/null
opencode run --model argo/claude-sonnet-4.5 "Hello" < /dev/null
