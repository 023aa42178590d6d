"""Ask endpoints: dialects, transport, streams, retries, pool."""
