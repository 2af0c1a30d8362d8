/**
 * The page's only script; without it everything but the countdown works. It never runs for a POST: then the element it needs is not on
 * the page. Waits full jitter, `floor + random() × min(60 s, 2^n s)` (many callers then do not come back in the same second), pauses
 * while the page is hidden or the device offline, asks the health page, then looks at this very address, and reloads only when the
 * answer is another one: the same error never flashes, and the focus is not lost. At rest it no longer says that it tries by itself. `say` is spoken, `left` is seen and counts; the seconds
 * are not spoken. Six tries, counted over reloads for ten minutes.
 */
export const PAGE_SCRIPT = `
(()=>{
const $=(id)=>document.getElementById(id),box=$('retry');
if(!box||!window.fetch||!window.AbortController)return;
const d=box.dataset,max=6,key='goodgate '+location.pathname;
let tries=0,due=0,last=0,clock=0,busy=false,was='';
try{const s=JSON.parse(sessionStorage.getItem(key)||'{}');if(Date.now()-s.at<6e5)tries=s.n|0}catch{}
const fill=(t,s)=>t.replace('{s}',s).replace('{n}',Math.min(max,tries+1)).replaceAll('{max}',max);
const say=(t)=>{$('say').textContent=$('left').textContent=t};
const away=()=>document.hidden||navigator.onLine===false;
const halt=()=>{clearInterval(clock);clock=0;$('stop').hidden=true};
const hand=(on)=>{$('by-hand').hidden=!on;$('by-itself').hidden=$('retry-title').hidden=on};
const rest=(t)=>{halt();hand(true);say(t)};
const get=async(url,ms,init)=>{const a=new AbortController(),t=setTimeout(()=>a.abort(),ms);
try{const r=await fetch(url,{cache:'no-store',signal:a.signal,...init});const c={status:r.type==='opaqueredirect'?302:r.status,code:r.headers.get('goodgate-code')};if(r.body)r.body.cancel();return c}
catch{return{status:0}}finally{clearTimeout(t)}};
const start=(first)=>{
if(tries>=max){rest(fill(d.over,0));return}
hand(false);
const wait=+d.floor+Math.random()*Math.min(6e4,1e3*2**tries);
due=Date.now()+wait;last=Date.now();$('stop').hidden=false;
was=first?'':d.still+' ';say(was+fill(d.soon,Math.ceil(wait/1e3)));
clearInterval(clock);clock=setInterval(tick,250);tick()};
const tick=()=>{const now=Date.now();
if(away()){due+=now-last;last=now;$('left').textContent=d.paused;return}
last=now;
if(now>=due)attempt();else $('left').textContent=was+fill(d.count,Math.ceil((due-now)/1e3))};
const attempt=async()=>{
if(busy)return;busy=true;halt();say(d.asking);tries++;
try{sessionStorage.setItem(key,JSON.stringify({n:tries,at:Date.now()}))}catch{}
const h=await get('/goodgate/health',5e3,{credentials:'omit'});
const p=h.status===200?await get(location.href,2e4,{headers:{accept:'text/html'},redirect:'manual'}):h;
busy=false;
if(h.status!==200||(p.status===+d.status&&p.code===d.code)||(p.status===0&&!p.code)){start();return}
const f=document.activeElement;
if(f&&f!==document.body&&!box.contains(f))say(d.works);else location.reload()};
$('now').onclick=()=>{if(tries>=max)tries=max-1;attempt()};
$('stop').onclick=()=>{rest(d.stopped);$('now').focus()};
$('again').hidden=true;box.hidden=false;start(true);
})();
`;
