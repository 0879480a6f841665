# Runs one command on a pseudo-terminal and relays it, for pty.ts.
#
# argv: columns rows command...; stdin: one JSON request per line; stdout: the terminal's raw output;
# stderr: one JSON report per line: {"pid"}, {"eof"} (terminal closed by its users), {"code"|"signal", "core"}.
import base64
import fcntl
import json
import os
import pty
import select
import signal
import struct
import sys
import termios


def report(**fields):
    os.write(2, (json.dumps(fields) + "\n").encode())


def resize(fd, columns, rows):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def write_all(fd, data):
    while data:
        data = data[os.write(fd, data):]


def main():
    columns, rows, command = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    ready_read, ready_write = os.pipe()
    pid, master = pty.fork()
    if pid == 0:
        os.read(ready_read, 1)  # the window has its size before the command looks
        os.close(ready_read)
        os.close(ready_write)
        try:
            os.execvp(command[0], command)
        except OSError as error:
            print(f"cannot run {command[0]}: {error}")
            os._exit(127)
    resize(master, columns, rows)
    os.write(ready_write, b"x")
    report(pid=pid)

    reading = True
    requests = b""
    signal.signal(signal.SIGCHLD, lambda *_: None)
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_write, False)
    signal.set_wakeup_fd(wake_write)
    status = None
    while status is None or master is not None:
        # A child that is over while nothing holds the terminal open: what is left to read has been read.
        sources = [0, wake_read] + ([master] if master is not None and (reading or status is not None) else [])
        ready, _, _ = select.select(sources, [], [], 0 if status is not None else None)
        if status is not None and master not in ready:
            break
        if master in ready:
            try:
                data = os.read(master, 65536)
            except OSError:
                data = b""
            if data:
                write_all(1, data)
            else:
                os.close(master)
                master = None
                report(eof=True)
        if 0 in ready:
            chunk = os.read(0, 65536)
            if not chunk:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
                return
            requests += chunk
            *lines, requests = requests.split(b"\n")
            for line in lines:
                request = json.loads(line)
                if request["do"] == "hangup":
                    if master is not None:
                        os.close(master)
                    master = None
                elif request["do"] == "reading":
                    reading = request["on"]
                elif master is not None and request["do"] == "send":
                    write_all(master, base64.b64decode(request["bytes"]))
                elif master is not None and request["do"] == "resize":
                    resize(master, request["columns"], request["rows"])
        if wake_read in ready:
            os.read(wake_read, 4096)
        if status is None:
            done, value = os.waitpid(pid, os.WNOHANG)
            if done:
                status = value
    if os.WIFSIGNALED(status):
        report(signal=signal.Signals(os.WTERMSIG(status)).name, core=os.WCOREDUMP(status))
    else:
        report(code=os.WEXITSTATUS(status), core=False)


main()
