/** A roof, two pillars and the open floor between them. */
export function Logo({ size = 24 }: { size?: number }) {
  return (
    <svg class="logo" viewBox="0 0 32 32" width={size} height={size} aria-hidden="true" focusable="false">
      <path
        class="logo-roof"
        d="M2 12.4c3.6-.3 6.6-2 9-5.4h10c2.4 3.4 5.4 5.1 9 5.4-1.2 1.7-2.9 2.6-5 2.6H7c-2.1 0-3.8-.9-5-2.6Z"
      />
      <path class="logo-wood" d="M9 15v9M23 15v9M4 25.5h24" />
    </svg>
  );
}
