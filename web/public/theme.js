// Before anything is drawn: the theme that was chosen here last, so that nothing flashes.
try {
  const theme = localStorage.getItem('orderflow.theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch {
  // Storage is closed: the system's theme it is.
}
