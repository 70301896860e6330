/** The ports in the pane below the editor. */
import { Ports } from "./Ports";

export function PortsPanel() {
  return (
    <div class="panel-scroll" data-testid="ports-panel">
      <Ports />
    </div>
  );
}
