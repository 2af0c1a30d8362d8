"""One llama.cpp server on loopback. Usage: llama_server.py WEIGHTS PORT (0: any free one).

Prints its address once it listens. Ends when its standard input does, so that it never outlives the suite.
"""

import os
import sys

import xllamacpp

params = xllamacpp.CommonParams()
params.model.path = sys.argv[1]
params.model_alias = {"gemma-3-270m"}
params.hostnames = ["127.0.0.1"]
params.port = int(sys.argv[2])
params.ui = False

# Small: 2 calls at once with 1,024 tokens each, one core.
params.n_parallel = 2
params.n_ctx = 2048
params.cpuparams.n_threads = 1
params.cpuparams_batch.n_threads = 1
params.warmup = False
# 64 tokens a step: a server busy with a long prompt still looks up between the steps.
params.n_batch = 64
params.n_ubatch = 64
# A question that sets no bound of its own still ends.
params.n_predict = 96

# The same question gives the same answer, on both servers and after a restart: greedy, and nothing kept from earlier questions.
params.sampling.seed = 7
params.sampling.temp = 0
params.cache_prompt = False
params.cache_ram_mib = 0

# The weights are those of a base model without a chat template: it goes on with the text of the messages.
params.chat_template = "{% for message in messages %}{{ message['content'] }}{% endfor %}"

# Chat and embeddings from one server.
params.embedding = True
params.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN

server = xllamacpp.Server(params)
print("listening", server.listening_address, flush=True)
sys.stdin.read()
# At once: the C++ destructors would wait for calls under way.
os._exit(0)
