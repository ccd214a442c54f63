// @ts-check
// What the emoji world knows: its names, which task each is a class of, and what the icon sets call it.

/**
 * @typedef {object} EmojiName
 * @property {string} name what captions and class prompts call it
 * @property {'a' | 'b' | 'other'} task whose classes it is one of
 * @property {string} icon in every set that keeps to Unicode's names, and the label in emojibase-data
 * @property {string} fxemoji in fxemoji, which has names of its own
 */

// name, or name = icon where Unicode's name is clumsy; then fxemoji's icon where it is not the icon without hyphens.
// All are in every set, look alike across the sets, and look unlike each other.
const tables = {
  a: `
    banana
    pizza                            sliceofpizza
    hamburger
    strawberry
    watermelon
    corn = ear-of-corn               earofmaize
    mushroom
    ice cream = soft-ice-cream
    doughnut
    lollipop
    dog = dog-face                   dog
    cat = cat-face                   cat
    rabbit = rabbit-face             bunny
    panda                            pandaface
    elephant
    penguin
    turtle
    octopus
    snail
    fish
    ladybug = lady-beetle
    guitar
    car = automobile
    bicycle
    airplane
    rocket
    house                            housebuilding
    key
    umbrella
    book = open-book
    camera
    alarm clock
    light bulb
    scissors                         blackscissors
    crown
    soccer ball
    diamond = gem-stone              gem
    cactus
    sunflower
    ghost`,
  b: `
    grapes
    pineapple
    cherries
    french fries
    cake = birthday-cake
    bread
    wine glass
    beer = beer-mug
    frog
    monkey = monkey-face
    pig = pig-face                   pig
    mouse = mouse-face               mouse
    bee = honeybee
    spider
    whale
    snake
    saxophone
    bus
    sailboat
    helicopter
    tractor
    trophy
    balloon
    hammer
    telephone                        blacktelephone
    television
    tulip
    maple leaf
    pumpkin = jack-o-lantern
    dress`,
  other: `
    apple = red-apple
    peach
    bear
    crocodile
    chick = baby-chick
    violin
    anchor
    bell
    ring
    top hat
    jeans
    skull
    star
    moon = crescent-moon
    gift = wrapped-gift              present
    hourglass = hourglass-done       hourglass
    pencil
    castle                           europeancastle
    snowflake
    fire`,
};

/** @type {readonly EmojiName[]} */
export const emojiNames = Object.entries(tables).flatMap(([task, table]) =>
  table
    .trim()
    .split('\n')
    .map((line) => {
      const [called, own] = line.trim().split(/ {2,}/);
      const [name, icon = name.replaceAll(' ', '-')] = called.split(' = ');
      return { name, task: /** @type {'a' | 'b' | 'other'} */ (task), icon, fxemoji: own ?? icon.replaceAll('-', '') };
    }),
);
