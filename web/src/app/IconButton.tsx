/** A button that is only a picture: its words are its name, and are seen when it is pointed at. */
import type { ButtonHTMLAttributes } from "preact";
import { Icon, type IconName } from "./icons";

interface Props extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, "class" | "icon" | "label"> {
  icon: IconName;
  label: string;
  /** Further classes. */
  class?: string;
}

export function IconButton({ icon, label, class: more, children, ...rest }: Props) {
  return (
    <button
      type="button"
      class={more ? `icon-button ${more}` : "icon-button"}
      title={label}
      aria-label={label}
      {...rest}
    >
      <Icon name={icon} />
      {children}
    </button>
  );
}
