/** Previews by their host names, as a browser asks for them: with its own cookies, streaming, over WebSockets. */
import { type IncomingMessage, request } from "node:http";
import WebSocket from "ws";
import type { Client } from "./client.ts";
import { maru } from "./instance.ts";

const serverPort = new URL(maru.url).port;

export interface Asked {
  method?: string;
  headers?: Record<string, string>;
  body?: string | AsyncIterable<Buffer>;
}

export interface Answer {
  status: number;
  headers: IncomingMessage["headers"];
  body: string;
}

/** `8000--kim.preview.localhost:8080` */
export const previewHost = (port: number | string, login: string): string =>
  `${port}--${login}.preview.localhost:${serverPort}`;

export const origin = (host: string): string => `http://${host}`;

/** A request with any Host header, whose answer can be read as it comes. */
export function open(host: string, path: string, { method = "GET", headers = {}, body }: Asked = {}) {
  return new Promise<IncomingMessage>((resolve, reject) => {
    const options = { host: "127.0.0.1", port: serverPort, path, method, agent: false };
    const sent = request({ ...options, headers: { Host: host, ...headers } }, resolve);
    sent.on("error", reject);
    if (body === undefined || typeof body === "string") sent.end(body);
    else
      void (async () => {
        for await (const piece of body) sent.write(piece);
        sent.end();
      })();
  });
}

export async function whole(answer: IncomingMessage): Promise<Answer> {
  let body = "";
  answer.setEncoding("utf8");
  for await (const piece of answer) body += piece;
  return { status: answer.statusCode ?? 0, headers: answer.headers, body };
}

export const get = async (host: string, path: string, asked?: Asked): Promise<Answer> =>
  whole(await open(host, path, asked));

/** Goes the way in as `client`, and answers the cookie that the preview's host has set. */
export async function enter(client: Client, port: number, login = client.account.login): Promise<string> {
  const sent = await client.ask("GET", `/api/v1/workspace/ports/${port}/open?login=${login}&next=/`);
  await sent.body?.cancel();
  if (sent.status !== 303) throw new Error(`${sent.status} on the way to port ${port} of ${login}`);
  const ticket = new URL(sent.headers.get("Location") ?? "");
  const entered = await get(ticket.host, ticket.pathname + ticket.search);
  if (entered.status !== 303) throw new Error(`${entered.status} ${entered.body}`);
  const cookies = entered.headers["set-cookie"] ?? [];
  return cookies.find((cookie) => cookie.startsWith("maru_preview="))?.split(";")[0] ?? "";
}

export interface Knock {
  headers?: Record<string, string>;
  protocol?: string;
}

/** The handshake of a WebSocket: the socket where it was let in, else the status. */
export function knock(host: string, path: string, { headers = {}, protocol }: Knock = {}) {
  return new Promise<WebSocket | number>((resolve, reject) => {
    const url = `ws://127.0.0.1:${serverPort}${path}`;
    const socket = new WebSocket(url, protocol === undefined ? [] : [protocol], {
      headers: { Host: host, ...headers },
    });
    socket.on("open", () => resolve(socket));
    socket.on("unexpected-response", (_request, answer) => {
      answer.destroy();
      resolve(answer.statusCode ?? 0);
    });
    socket.on("error", reject);
  });
}
