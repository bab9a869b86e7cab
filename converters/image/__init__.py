"""From a CNN of any framework to the file behind POST /v1/classify."""
