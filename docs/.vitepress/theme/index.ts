/** The default theme with the fonts of the system: nothing is loaded for text. */
import theme from 'vitepress/theme-without-fonts';

export default theme;
