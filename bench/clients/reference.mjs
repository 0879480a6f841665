// The service's reference client in JavaScript: a `ws` WebSocket, each message printed.
import WebSocket from 'ws';

const socket = new WebSocket(process.argv[2], { headers: { 'X-API-Key': process.env.ATLANTIS_API_KEY } });
socket.on('message', (message) => console.log(message.toString()));
