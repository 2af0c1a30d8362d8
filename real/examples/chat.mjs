import OpenAI from 'openai';

const client = new OpenAI({ baseURL: 'http://127.0.0.1:5020/v1', apiKey: process.env.OPENAI_API_KEY ?? 'none' });

const stream = await client.chat.completions.create({
  model: 'gpt-5-mini',
  messages: [{ role: 'user', content: 'Why is the sea salty?' }],
  stream: true,
});
for await (const part of stream) process.stdout.write(part.choices[0]?.delta?.content ?? '');
console.log();
