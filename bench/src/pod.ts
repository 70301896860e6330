/** A pod from `kubectl apply` to Ready. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { promisify } from "node:util";
import { docker, instanceId, maru } from "../../e2e/src/instance.ts";
import { deployed } from "./deploy.ts";
import { lines } from "./lines.ts";
import { type Bench, median, spread, timed } from "./measure.ts";
import { namespace, student } from "./student.ts";

const ROUNDS = 7;
const PEER = `maru-${instanceId}-bench-pod`;
const POD = "bench";
const PATIENCE_S = 60;
const pods = `/k8s/api/v1/namespaces/${namespace}/pods`;

interface Pod {
  metadata: { name: string };
  spec: { containers: { image: string }[] };
  status?: { conditions?: { type: string; status: string }[] };
}

/** Opens a watch on the pod, then answers a promise of it being ready: nothing is asked twice. */
async function watchReady(): Promise<{ ready: Promise<void> }> {
  const query = `watch=1&timeoutSeconds=${PATIENCE_S}&fieldSelector=metadata.name%3D${POD}`;
  const answer = await student().ask("GET", `${pods}?${query}`);
  if (!answer.ok) throw new Error(`watching pods: ${answer.status}`);
  const ready = (async () => {
    let last: Pod | undefined;
    for await (const line of lines(answer)) {
      if (!line) continue;
      const { object } = JSON.parse(line) as { object: Pod };
      last = object;
      if (object.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True"))
        return;
    }
    throw new Error(`the pod is not ready after ${PATIENCE_S} s: ${JSON.stringify(last?.status)}`);
  })();
  return { ready };
}

export const pod: Bench = {
  name: "pod",
  about: "a pod from kubectl apply to Ready; peer: docker run --detach of the same image and limits",
  async run(say) {
    await deployed();
    const { items } = await student().json<{ items: Pod[] }>("GET", pods);
    const image = items.find(({ metadata }) => metadata.name.includes("web"))?.spec.containers[0]?.image;
    if (!image) throw new Error("the application has no pod named web");
    // The Engine that built it knows its name, but not the digest that the registry gave it.
    const built = `${image.replace(/(:[^/@]+)?(@.+)?$/, "")}:latest`;
    const folder = mkdtempSync(`${tmpdir()}/maru-bench-`);
    const kubeconfig = `${folder}/kubeconfig`;
    const manifest = `${folder}/pod.json`;
    writeFileSync(kubeconfig, await (await student().ask("GET", "/api/v1/kubeconfig")).text(), {
      mode: 0o600,
    });
    const command = ["sleep", "600"];
    // What a student's pod is: no word of limits, so the class's own apply. The peer gets the same.
    const containers = [{ name: "main", image, imagePullPolicy: "IfNotPresent", command }];
    const limits = ["--cpus", "1", "--memory", "512m"];
    const spec = { terminationGracePeriodSeconds: 0, containers };
    const metadata = { name: POD, namespace };
    writeFileSync(manifest, JSON.stringify({ apiVersion: "v1", kind: "Pod", metadata, spec }));
    const kubectl = (...args: string[]) =>
      promisify(execFile)(`${maru.data}/bin/kubectl`, ["--kubeconfig", kubeconfig, ...args]);
    const run = promisify(execFile);
    const times: number[] = [];
    const peer: number[] = [];
    try {
      for (let round = 0; round <= ROUNDS; round++) {
        const { ready } = await watchReady();
        const [ms] = await timed(() => Promise.all([kubectl("apply", "--filename", manifest), ready]));
        await kubectl("delete", "pod", POD, "--now", "--wait");
        const [peerMs] = await timed(() =>
          run("docker", ["run", "--detach", "--name", PEER, ...limits, built, ...command]),
        );
        docker("rm", "--force", PEER);
        // The first of each reads files for the first time.
        if (round === 0) continue;
        times.push(ms);
        peer.push(peerMs);
        say(`round ${round} of ${ROUNDS}: pod ${Math.round(ms)} ms, docker run ${Math.round(peerMs)} ms`);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
    return [
      {
        what: "pod from kubectl apply to Ready",
        unit: "ms",
        maru: median(times),
        peer: { name: "docker run --detach", value: median(peer) },
        ratios: times.map((ms, round) => ms / (peer[round] ?? 0)),
        aim: { ratio: 2 },
        detail: { image, maru: spread(times), peer: spread(peer) },
      },
    ];
  },
};
