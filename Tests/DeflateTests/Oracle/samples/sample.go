package main

// Inputs made from a seed; Sources/DeflateSamples/Sample.swift makes the same.

type random uint64

func (r *random) next() uint64 {
	*r += 0x9E3779B97F4A7C15
	z := uint64(*r)
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}

func (r *random) below(n int) int { return int(r.next() % uint64(n)) }

var periods = []int{1, 2, 3, 4, 5, 7, 8, 63, 256, 257, 258, 259, 1024, 16384, 32766, 32767, 32768, 32769}

func fill(out []byte, shape string, seed uint64) {
	r := random(seed)
	n := len(out)
	switch shape {
	case "zeros":
	case "noise":
		for i := range out {
			out[i] = byte(r.next())
		}
	case "period":
		p := periods[int(seed)%len(periods)]
		for i := range out {
			if i < p {
				out[i] = byte(r.next())
			} else {
				out[i] = out[i-p]
			}
		}
	case "far":
		p := 32505 + int(seed)%3
		for i := range out {
			if i < p {
				out[i] = byte(r.next())
			} else {
				out[i] = out[i-p]
			}
		}
	case "skewed":
		bits := 1 + r.below(8)
		for i := range out {
			v := r.next()
			for b := 0; b < bits && v&1 == 1; b++ {
				v >>= 1
			}
			out[i] = byte(v>>8) & byte(1<<(v&7)-1+1)
		}
	default: // mix
		for at := 0; at < n; {
			kind := r.below(8)
			length := 1 + r.below(1<<(1+r.below(13)))
			if r.below(40) == 0 {
				length += r.below(60000)
			}
			length = min(length, n-at)
			value := r.next()
			switch {
			case kind == 0:
				for i := range length {
					out[at+i] = byte(r.next())
				}
			case kind == 1:
				for i := range length {
					out[at+i] = byte(value)
				}
			case kind == 2:
				for i := range length {
					out[at+i] = "etaoin shrdlucmfwypvbgkjqxz.,-\n0"[r.next()&31&(value|7)]
				}
			case kind == 3:
				for i := range length {
					out[at+i] = byte(value>>8) + byte(r.next()&3)
				}
			default:
				reach := 1 + r.below(1<<(3+r.below(14)))
				if value&15 == 0 {
					reach = 32760 + r.below(16)
				}
				if at == 0 {
					out[0] = byte(value)
					length = 1
					break
				}
				reach = min(reach, at)
				every := 0
				if value&16 != 0 {
					every = 3 + int(value>>32%100)
				}
				for i := range length {
					out[at+i] = out[at+i-reach]
					if every > 0 && i%every == every-1 {
						out[at+i] = byte(r.next())
					}
				}
			}
			at += length
		}
	}
}
