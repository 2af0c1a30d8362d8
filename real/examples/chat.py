import os

from openai import OpenAI

client = OpenAI(base_url="http://127.0.0.1:5020/v1", api_key=os.environ.get("OPENAI_API_KEY", "none"))

stream = client.chat.completions.create(
    model="gpt-5-mini",
    messages=[{"role": "user", "content": "Why is the sea salty?"}],
    stream=True,
)
for part in stream:
    if part.choices:
        print(part.choices[0].delta.content or "", end="", flush=True)
print()
