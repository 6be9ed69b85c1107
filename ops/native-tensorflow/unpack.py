"""Takes what is wanted out of a wheel: python unpack.py WHEEL FOLDER WANTED.

WANTED is JSON: {"files": [member, ...], "headers": [prefix, ...]}; of the headers only .h and .inc are taken.
zipfile checks every member's CRC and keeps its path inside FOLDER, whatever the archive says.
"""

import json
import sys
import zipfile

path, folder, wanted = sys.argv[1:]
wanted = json.loads(wanted)
with zipfile.ZipFile(path) as wheel:
    for name in wheel.namelist():
        is_header = name.startswith(tuple(wanted["headers"])) and name.endswith((".h", ".inc"))
        if is_header or name in wanted["files"]:
            wheel.extract(name, folder)
