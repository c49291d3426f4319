"""The first try: from parallel text to a translator with a score and pictures, in minutes."""
