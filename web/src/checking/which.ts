/** Whether a file of the project is read by Deploy; `path` from the project's folder. */
export const isManifest = (path: string): boolean => /^(k8s\/.*|[^/]+)\.ya?ml$/.test(path);
