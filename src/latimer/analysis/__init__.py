"""What looks at translators: errors of search, gradients."""
