"""A small Stack Exchange dump for tests: a chain, a second link, a question in no link."""

POSTS = """<?xml version="1.0" encoding="utf-8"?>
<posts>
  <row Id="1" PostTypeId="1" AcceptedAnswerId="11" Score="5" Title="Sort?" Tags="|js|" />
  <row Id="2" PostTypeId="1" Score="5" Title="Copy?" Tags="|js|" />
  <row Id="3" PostTypeId="1" Score="0" Title="Sort arrays" Tags="|c|" />
  <row Id="4" PostTypeId="1" Score="0" Title="Copy an object" Tags="|c|" />
  <row Id="5" PostTypeId="1" Score="3" Title="Unrelated" Tags="|js|" />
  <row Id="6" PostTypeId="1" Score="3" Title="How to sort" Tags="|js|" />
  <row Id="11" PostTypeId="2" ParentId="1" Score="1" Body="&lt;p&gt;Use &amp;lt;&lt;/p&gt;" />
</posts>
"""
LINKS = """<postlinks>
<row Id="1" PostId="3" RelatedPostId="1" LinkTypeId="3" />
<row Id="2" PostId="4" RelatedPostId="2" LinkTypeId="3" />
<row Id="3" PostId="4" RelatedPostId="1" LinkTypeId="3" />
<row Id="4" PostId="5" RelatedPostId="1" LinkTypeId="1" />
<row Id="5" PostId="6" RelatedPostId="3" LinkTypeId="3" />
</postlinks>
"""
