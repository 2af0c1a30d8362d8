"""Asks through the official OpenAI Python SDK. One JSON question a line in, JSON lines out: {"part": n} while a stream comes, then {"heard": …}."""

import json
import platform
import sys
import time

import openai


def say(message):
    print(json.dumps(message), flush=True)


def chat(client, question):
    heard = {"text": "", "parts": 0, "finish": None, "fields": {}}
    asked = {
        "model": question["model"],
        "messages": [{"role": "user", "content": question["prompt"]}],
        "max_tokens": question["tokensMax"],
        "temperature": 0,
        "frequency_penalty": question["frequencyPenalty"],
    }
    try:
        if question["isStream"]:
            raw = client.chat.completions.with_raw_response.create(**asked, stream=True)
            heard["fields"] = dict(raw.headers)
            stream = raw.parse()
            for part in stream:
                hear_part(heard, part)
                if heard["parts"] == question.get("leaveAfter"):
                    stream.close()
                    break
        else:
            raw = client.chat.completions.with_raw_response.create(**asked)
            heard["fields"] = dict(raw.headers)
            choice = raw.parse().choices[0]
            heard["text"] = choice.message.content
            heard["finish"] = choice.finish_reason
    except Exception as error:  # whatever the SDK raises is what a caller gets
        heard["error"] = describe(error)
        response = getattr(error, "response", None)
        if response is not None:
            heard["fields"] = dict(response.headers)
    return heard


def hear_part(heard, part):
    if not part.choices:
        return
    choice = part.choices[0]
    heard["finish"] = choice.finish_reason or heard["finish"]
    if choice.delta.content:
        heard["text"] += choice.delta.content
        heard["parts"] += 1
        say({"part": heard["parts"]})


def describe(error):
    return {
        "type": type(error).__name__,
        "message": str(error) if error.__cause__ is None else f"{error}: {error.__cause__}",
        "status": getattr(error, "status_code", None),
        "code": getattr(error, "code", None),
    }


def answer(question):
    # No retries by the SDK: what the gateway gave is what the suite judges.
    client = openai.OpenAI(base_url=question["baseUrl"], api_key="none", max_retries=0, timeout=60)
    started = time.monotonic()
    if question["kind"] == "chat":
        heard = chat(client, question)
    elif question["kind"] == "models":
        heard = {"models": [model.id for model in client.models.list()]}
    else:
        made = client.embeddings.create(model=question["model"], input=question["prompt"])
        heard = {"embedding": made.data[0].embedding}
    heard["ms"] = round((time.monotonic() - started) * 1000)
    return heard


say({"heard": {"sdk": openai.__version__, "python": platform.python_version()}})
for line in sys.stdin:
    try:
        say({"heard": answer(json.loads(line))})
    except Exception as error:
        say({"heard": {"error": describe(error)}})
