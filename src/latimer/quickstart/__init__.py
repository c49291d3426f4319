"""The quickstart: from parallel text to a translator with scores and pictures, in minutes."""
