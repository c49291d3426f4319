"""Rule folders drafted from translated text, for a person to edit."""
