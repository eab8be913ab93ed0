"""Models on streams: step by step, on torch or on ONNX Runtime."""
