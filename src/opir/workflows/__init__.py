"""Use cases as keyword functions of built parts; the command line is thin over them."""
