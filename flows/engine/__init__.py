"""The conversation engine: questions, forms, turns and lifecycles, as values in and values out."""
