"""What a catalogue is: the model of its YAML file, its pages and URLs. No network, no HTML."""
