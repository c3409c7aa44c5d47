import type { DemoTexts } from '../demo-texts.js';

const PORTUGUESE: DemoTexts = {
  language: 'Idioma',
  theme: 'Tema',
  system: 'Sistema',
  light: 'Claro',
  dark: 'Escuro',
  pitchTitle: 'Chaves de acesso para o início de sessão que já tem',
  pitchText:
    'Os seus utilizadores entram com a impressão digital, o rosto, o bloqueio de ecrã ou uma chave de segurança. Os utilizadores, o início de sessão e os dados continuam seus: o Keyway funciona nos seus próprios servidores.',
  step1: 'Entre com um nome qualquer. Representa o início de sessão da sua aplicação.',
  step2: 'Adicione uma chave de acesso à conta.',
  step3: 'Saia e volte sem o nome.',
  signIn: 'Entrar',
  userName: 'Nome de utilizador',
  or: 'ou',
  madeUp: 'Os utilizadores são inventados e ninguém pede uma palavra-passe.',
  signedInAs: 'Sessão iniciada como {name}',
  byName: 'apenas com o nome, como esta demonstração permite',
  byPasskey: 'com uma chave de acesso',
  confirm: 'Confirmar que é você',
  signOut: 'Sair',
  recovery: 'Nesta demonstração pode sempre voltar a entrar com o seu nome.',
  footer:
    'Esta página funciona num servidor de desenvolvimento com utilizadores inventados. Não faz parte de um Keyway em produção.',
  signedOut: 'A sua sessão foi terminada.',
  sessionEnded: 'A sua sessão terminou. Entre novamente.',
  confirmed: 'Confirmado com uma chave de acesso: você é {name}.',
  getStarted: 'Primeiros passos',
  unreachable: 'Não é possível contactar o servidor. Ainda está a funcionar?',
  slow: 'O servidor demorou demasiado a responder. Tente novamente.',
  badName: 'Este nome não pode ser usado. Experimente um curto, como “ada”.',
  tooOften: 'Foram demasiadas vezes. Aguarde um momento e tente novamente.',
  notAccepted: 'Esta chave de acesso não foi aceite. Pode ter sido revogada.',
  notProven: 'Não foi possível confirmar a entrada. Tente novamente.',
  noPasskeys: 'Ainda não há nenhuma chave de acesso para confirmar. Adicione uma primeiro.',
  cancelled: 'Nada foi confirmado: a janela do navegador foi fechada ou o tempo esgotou-se.',
  wrongAddress: 'As chaves de acesso não podem ser usadas neste endereço. Abra a demonstração em localhost.',
  otherPrompt: 'Ainda está aberta outra janela de chave de acesso. Feche-a e tente novamente.',
  unknown: 'Algo correu mal. Tente novamente.',
};

export default PORTUGUESE;
