"""Request completions from endpoints: dialects, transport, streams, retries, pool."""
