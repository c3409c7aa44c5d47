import type { Language } from '../text/texts.js';

const FRENCH: Language = {
  table: {
    heading: 'Clés d’accès',
    loading: 'Chargement de vos clés d’accès…',
    retry: 'Réessayer',
    dismiss: 'Fermer',
    misconfigured:
      'Les clés d’accès ne peuvent pas être affichées ici : cette page est mal configurée. Signalez-le à ses responsables.',
    unsupported:
      'Ce navigateur ne peut pas créer de clés d’accès. Vous pouvez tout de même renommer et révoquer celles que vous avez.',
    heroTitle: 'Connectez-vous sans mot de passe',
    heroText:
      'Ajoutez une clé d’accès et connectez-vous avec votre empreinte, votre visage, le code de votre appareil ou une clé de sécurité.',
    whatTitle: 'Qu’est-ce qu’une clé d’accès ?',
    whatText:
      'Une clé que votre appareil ou votre gestionnaire de mots de passe garde pour ce compte. Personne ne peut la deviner ni vous la soutirer, et elle ne quitte jamais sa place : vous ne faites que la déverrouiller.',
    whereTitle: 'Où est-elle enregistrée ?',
    whereText:
      'Là où vous le choisissez : dans un gestionnaire de mots de passe comme Mots de passe d’Apple, le Gestionnaire de mots de passe de Google ou 1Password, qui l’apporte sur vos autres appareils ; sur cet appareil ; ou sur une clé de sécurité.',
    add: 'Ajouter une clé d’accès',
    beforeAdding: 'Votre navigateur va demander où enregistrer la clé d’accès et vous faire confirmer.',
    added: 'La clé d’accès « {name} » a été ajoutée.',
    addCancelled: 'Aucune clé d’accès n’a été ajoutée.',
    counted: {
      one: '{count} clé d’accès sur {limit}',
      many: '{count} clés d’accès sur {limit}',
      other: '{count} clés d’accès sur {limit}',
    },
    limitReached:
      'Votre compte ne peut pas avoir plus de clés d’accès. Révoquez-en une avant d’en ajouter une autre.',
    advice:
      'Cette clé d’accès n’est que sur un appareil. Ajoutez-en une autre pour pouvoir vous connecter sans lui.',
    groupDevices: 'Sur vos appareils et dans vos gestionnaires de mots de passe',
    groupKeys: 'Sur des clés de sécurité',
    search: 'Rechercher une clé d’accès',
    found: {
      one: '{count} clé d’accès trouvée',
      many: '{count} clés d’accès trouvées',
      other: '{count} clés d’accès trouvées',
    },
    currentSession: 'Cette session',
    automatic: 'Ajoutée automatiquement',
    syncedIn: 'Synchronisée dans {provider}',
    synced: 'Synchronisée',
    savedIn: 'Enregistrée dans {provider}',
    onOneDevice: 'Sur un seul appareil',
    onSecurityKey: 'Sur la clé de sécurité',
    addedWhen: 'ajoutée : {when}',
    usedWhen: 'utilisée : {when}',
    usedWhenWhere: 'utilisée : {when} avec {place}',
    notUsedYet: 'pas encore utilisée',
    browserOn: '{browser} sur {system}',
    details: 'Détails',
    detailsOf: 'Détails de {name}',
    type: 'Type',
    types: { passkey: 'Clé d’accès', security_key: 'Clé de sécurité', platform: 'Intégrée à l’appareil' },
    provider: 'Enregistrée dans',
    addedAt: 'Ajoutée',
    addedFrom: 'Ajoutée avec',
    renamedAt: 'Modifiée',
    lastUsedAt: 'Dernière utilisation',
    uses: 'Connexions',
    transports: 'Transports',
    id: 'ID',
    credentialId: 'ID de l’identifiant',
    rename: 'Renommer',
    renameOf: 'Renommer {name}',
    newName: 'Nouveau nom de {name}',
    save: 'Enregistrer',
    cancel: 'Annuler',
    renamed: 'La clé d’accès s’appelle maintenant « {name} ».',
    nameMissing: 'Donnez un nom à la clé d’accès.',
    nameTaken: 'Une autre clé d’accès porte déjà ce nom.',
    revoke: 'Révoquer',
    revokeOf: 'Révoquer {name}',
    revokeTitle: 'Révoquer « {name} » ?',
    revokeText: 'Elle ne permettra plus de se connecter à votre compte. Cette action est définitive.',
    revokeCopy:
      'Une copie peut rester sur votre appareil ou dans votre gestionnaire de mots de passe ; vous pouvez l’y supprimer.',
    revokeCopyIn: '{provider} peut en garder une copie ; vous pouvez l’y supprimer.',
    howToDelete: 'Comment la supprimer dans {provider}',
    revokeLast: 'C’est la seule clé d’accès de votre compte.',
    recovery: 'Assurez-vous de pouvoir vous connecter sans elle.',
    confirmRevoke: 'Révoquer la clé d’accès',
    keep: 'La garder',
    revoked: 'La clé d’accès « {name} » a été révoquée.',
    stepUpTitle: 'Confirmez que c’est bien vous',
    stepUpText:
      'Votre connexion date un peu. Avant de modifier vos clés d’accès, confirmez avec l’une d’elles.',
    stepUp: 'Continuer avec une clé d’accès',
  },
  signIn: {
    signIn: 'Se connecter avec une clé d’accès',
    waiting: 'Choisissez une clé d’accès dans la fenêtre de votre navigateur.',
    cancel: 'Annuler',
    unsupported: 'Ce navigateur ne permet pas de se connecter avec une clé d’accès.',
    misconfigured:
      'Les clés d’accès ne peuvent pas être utilisées ici : cette page est mal configurée. Signalez-le à ses responsables.',
    unknownPasskey:
      'Cette clé d’accès n’a pas été acceptée. Elle a peut-être été révoquée. Connectez-vous autrement ; vous pouvez supprimer la clé d’accès là où elle est enregistrée.',
  },
  errors: {
    unreachable: 'Le serveur est injoignable. Vérifiez votre connexion et réessayez.',
    slow: 'Le serveur a mis trop de temps à répondre. Réessayez.',
    signedOut: 'Votre session a pris fin. Connectez-vous de nouveau.',
    denied: 'Vous n’êtes pas autorisé à faire cela.',
    inactive: 'Votre compte n’est pas actif.',
    gone: 'Cette clé d’accès n’existe plus. Elle a peut-être été révoquée ailleurs.',
    tooMany:
      'Votre compte ne peut pas avoir plus de clés d’accès. Révoquez-en une avant d’en ajouter une autre.',
    tooOften: 'Trop de tentatives. Attendez un moment et réessayez.',
    outage: 'Les clés d’accès sont indisponibles pour le moment. Réessayez dans une minute.',
    badName: 'Ce nom ne convient pas. Utilisez au plus 64 caractères ordinaires.',
    notAccepted: 'La clé d’accès n’a pas été acceptée. Réessayez.',
    expired: 'Cela a pris trop de temps. Réessayez.',
    addCancelled:
      'Aucune clé d’accès n’a été ajoutée : la fenêtre du navigateur a été fermée ou le délai est écoulé.',
    cancelled: 'Rien n’a été confirmé : la fenêtre du navigateur a été fermée ou le délai est écoulé.',
    alreadyHere:
      'Cet appareil ou ce gestionnaire de mots de passe contient déjà une clé d’accès pour votre compte.',
    unsuitable:
      'Cet appareil ne peut pas garder la clé d’accès demandée. Configurez un verrouillage ou un code PIN, ou utilisez un autre appareil.',
    wrongAddress: 'Les clés d’accès ne peuvent pas être utilisées à cette adresse.',
    otherPrompt: 'Une autre fenêtre de clé d’accès est encore ouverte. Fermez-la et réessayez.',
    lastPasskey: 'C’est votre seule clé d’accès, et votre compte en exige une. Ajoutez-en d’abord une autre.',
    signInAgain: 'Pour cela, vous devez d’abord vous reconnecter.',
    stepUpFailed:
      'Cela ne suffit pas à confirmer. Utilisez une clé d’accès que vous avez depuis plus longtemps, ou reconnectez-vous.',
    signInFailed: 'La connexion n’a pas été acceptée. Réessayez ou connectez-vous autrement.',
    unknown: 'Une erreur est survenue. Réessayez.',
  },
  names: { securityKey: 'Clé de sécurité', phoneOrTablet: 'Téléphone ou tablette', passkey: 'Clé d’accès' },
};

export default FRENCH;
