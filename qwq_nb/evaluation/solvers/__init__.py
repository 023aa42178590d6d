"""Turn one sample into one completion: by one request, or by several."""
