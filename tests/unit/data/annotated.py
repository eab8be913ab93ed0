"""Pascal VOC annotations written by hand."""

SIZE = (64, 48)
"""Width and height of every picture."""
XML = """<annotation>
	<folder>VOC2007</folder>
	<filename>{name}.jpg</filename>
	<source><database>The Database</database><annotation>PASCAL VOC2007</annotation></source>
	<owner><flickrid>f</flickrid><name>n</name></owner>
	<size><width>{size[0]}</width><height>{size[1]}</height><depth>3</depth></size>
	<segmented>1</segmented>
{objects}
</annotation>
"""
OBJECT = """	<object>
		<name>{name}</name>
		<pose>{pose}</pose>
		<truncated>{truncated}</truncated>
		<difficult>{difficult}</difficult>
		<bndbox><xmin>{box[0]}</xmin><ymin>{box[1]}</ymin><xmax>{box[2]}</xmax><ymax>{box[3]}</ymax></bndbox>
{more}	</object>"""


def voc_object(name, box, *, pose="Unspecified", truncated=0, difficult=0, more=""):
    """One ``object`` element."""
    return OBJECT.format(name=name, box=box, pose=pose, truncated=truncated, difficult=difficult, more=more)
