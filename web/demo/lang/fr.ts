import type { DemoTexts } from '../demo-texts.js';

const FRENCH: DemoTexts = {
  language: 'Langue',
  theme: 'Thème',
  system: 'Système',
  light: 'Clair',
  dark: 'Sombre',
  pitchTitle: 'Des clés d’accès pour votre connexion actuelle',
  pitchText:
    'Vos utilisateurs se connectent avec une empreinte, leur visage, le verrouillage de l’écran ou une clé de sécurité. Vous gardez vos utilisateurs, votre connexion et vos données : Keyway fonctionne sur vos propres serveurs.',
  step1: 'Connectez-vous avec un nom quelconque : il remplace la connexion de votre application.',
  step2: 'Ajoutez une clé d’accès au compte.',
  step3: 'Déconnectez-vous, puis revenez sans le nom.',
  signIn: 'Se connecter',
  userName: 'Nom d’utilisateur',
  or: 'ou',
  madeUp: 'Les utilisateurs sont fictifs, et personne ne demande de mot de passe.',
  signedInAs: 'Connecté en tant que {name}',
  byName: 'avec le nom seul, comme le permet cette démo',
  byPasskey: 'avec une clé d’accès',
  confirm: 'Confirmer que c’est vous',
  signOut: 'Se déconnecter',
  recovery: 'Dans cette démo, vous pouvez toujours vous reconnecter avec votre nom.',
  footer:
    'Cette page fonctionne sur un serveur de développement avec des utilisateurs fictifs. Elle ne fait pas partie d’un Keyway déployé.',
  signedOut: 'Vous êtes déconnecté.',
  sessionEnded: 'Votre session a pris fin. Connectez-vous de nouveau.',
  confirmed: 'Confirmé avec une clé d’accès : vous êtes {name}.',
  getStarted: 'Premiers pas',
  unreachable: 'Le serveur est injoignable. Fonctionne-t-il encore ?',
  slow: 'Le serveur a mis trop de temps à répondre. Réessayez.',
  badName: 'Ce nom ne convient pas. Essayez un nom court, comme « ada ».',
  tooOften: 'C’était trop souvent. Attendez un instant et réessayez.',
  notAccepted: 'Cette clé d’accès n’a pas été acceptée. Elle a peut-être été révoquée.',
  notProven: 'La connexion n’a pas pu être confirmée. Réessayez.',
  noPasskeys: 'Il n’y a pas encore de clé d’accès pour confirmer. Ajoutez-en une d’abord.',
  cancelled: 'Rien n’a été confirmé : la fenêtre du navigateur a été fermée ou le délai a expiré.',
  wrongAddress:
    'Les clés d’accès ne peuvent pas être utilisées à cette adresse. Ouvrez la démo sur localhost.',
  otherPrompt: 'Une autre fenêtre de clé d’accès est encore ouverte. Fermez-la et réessayez.',
  unknown: 'Un problème est survenu. Réessayez.',
};

export default FRENCH;
