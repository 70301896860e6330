/** Which files the check reads; paths from the project's folder. */

/** Whether a file of the project is read by Deploy as a manifest. */
export const isManifest = (path: string): boolean => /^(k8s\/.*|[^/]+)\.ya?ml$/.test(path);

/** `Dockerfile`, `web/Dockerfile.dev` */
export const isDockerfile = (path: string): boolean => /(^|\/)Dockerfile(\.(?!dockerignore$).+)?$/.test(path);

export const isChecked = (path: string): boolean => isManifest(path) || isDockerfile(path);
