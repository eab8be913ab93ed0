"""The ways in which a YOLO data set is described: a YAML file, Darknet's obj.data, or its folders alone."""
