"""An image model's file in fewer bits: int8 for CPUs, fp16 for GPUs, with what that costs."""
