Anthropic's and Google's APIs beside OpenAI's, ARGO's native wires beside its gateway, and tools, images, reasoning and structured outputs for every family of models over each of them.
