/**
 * True for names that no system gives to data: hidden and temporary files, what editors, browsers and transfer programs
 * write before they rename it, and what desktops leave behind.
 */
export function isIgnored(file: string): boolean {
  return (
    /^[.~]/.test(file) ||
    /^(?:thumbs\.db|desktop\.ini)$/i.test(file) ||
    /\.(?:tmp|temp|part|partial|filepart|crdownload|swp)$/i.test(file)
  );
}
