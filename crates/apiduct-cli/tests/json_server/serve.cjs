// Serves a JSON file with json-server, read-only, on a free port of loopback. Prints the port once it listens and ends
// when its standard input ends, so that it does not outlive whoever started it.
const fs = require('fs');

const [, , folder, file] = process.argv;
const jsonServer = require(folder);
const app = jsonServer.create();
app.use(jsonServer.defaults({ logger: false, readOnly: true, static: __dirname }));
app.use(jsonServer.router(JSON.parse(fs.readFileSync(file, 'utf8'))));
const server = app.listen(0, '127.0.0.1', () => console.log(server.address().port));
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
