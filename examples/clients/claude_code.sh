#!/bin/sh
# Claude Code, for one prompt.   npm install @anthropic-ai/claude-code
set -eu
ANTHROPIC_BASE_URL=${ARGOPROXY_URL:-http://127.0.0.1:44497}
ANTHROPIC_AUTH_TOKEN=unused
CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1
export ANTHROPIC_BASE_URL ANTHROPIC_AUTH_TOKEN CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC

claude --model claude-sonnet-4-5 --print "Hello"
