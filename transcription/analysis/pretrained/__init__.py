"""What engines on torch share: the imports, where a model is, its device, text cut into windows."""
