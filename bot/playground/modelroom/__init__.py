"""A server that speaks the OpenAI chat protocol, and answers as it is told to: right or wrong."""
