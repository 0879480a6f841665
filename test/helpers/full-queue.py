"""Two servers on one port of 127.0.0.2 and 127.0.0.3 whose queues are full, so that the kernel drops each SYN.

Prints the port. A line on stdin empties the queue of 127.0.0.3, which then forwards to the port given as the
argument: an earlier client gets through with the SYN that is sent again after a second. 127.0.0.2 stays dead.
"""
import socket
import sys
import threading


def listen(host, port):
    server = socket.socket()
    server.bind((host, port))
    server.listen(0)
    return server


def fill(address):
    clients = []
    for _ in range(4):
        client = socket.socket()
        client.setblocking(False)
        client.connect_ex(address)
        clients.append(client)
    return clients


def forward(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
    except OSError:
        pass
    for end in (source, target):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


slow = listen('127.0.0.3', 0)
port = slow.getsockname()[1]
dead = listen('127.0.0.2', port)
kept = fill(dead.getsockname())
waiting = fill(slow.getsockname())
print(port, flush=True)
sys.stdin.readline()
for one in waiting:
    one.close()
while True:
    client, _ = slow.accept()
    target = socket.create_connection(('127.0.0.1', int(sys.argv[1])))
    for ends in ((client, target), (target, client)):
        threading.Thread(target=forward, args=ends, daemon=True).start()
