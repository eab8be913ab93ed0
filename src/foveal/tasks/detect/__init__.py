"""Object detection: anchors on a feature pyramid, one shared head."""
