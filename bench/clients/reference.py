"""The service's reference client in Python: package websocket-client, each message printed."""
import os
import sys

from websocket import create_connection

ws = create_connection(sys.argv[1], header=["X-API-Key: " + os.environ["ATLANTIS_API_KEY"]])
while True:
    message = ws.recv()
    if not message:
        break
    print(message)
