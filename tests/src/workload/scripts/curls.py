"""A parent that runs a new curl for each request. Each line of input is an order, {"urls": [...]}; each line of output the ports that the
connections of these had on their side."""
import json
import subprocess
import sys

CURL = ["curl", "--insecure", "--silent", "--show-error", "--fail", "--http1.1", "--output", "/dev/null", "--write-out", "%{local_port}"]

print(0, flush=True)
for line in sys.stdin:
    runs = [subprocess.run([*CURL, url], check=True, capture_output=True) for url in json.loads(line)["urls"]]
    print(json.dumps([int(run.stdout) for run in runs]), flush=True)
