"""A paper's full text as blocks with anchors: read from LaTeXML's HTML, a PDF, TeX, or the record's abstract.

What is done with the text belongs elsewhere: prompts and quotes in `app/asking`, titles and abstracts one folder up.
"""
