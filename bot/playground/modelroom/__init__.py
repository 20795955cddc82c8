"""A server that speaks the OpenAI chat protocol, rightly or wrongly, as the playground chooses."""
