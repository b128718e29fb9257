"""A paper's own text as blocks with anchors: from LaTeXML's HTML, a PDF, TeX, or the record's abstract."""
