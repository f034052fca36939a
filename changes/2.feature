The first proxy that runs: OpenAI's chat, completions, responses, embeddings and models over ARGO's gateway, streamed or not, with a simulator of ARGO to try it on (`make run`).
