-----BEGIN SSH SIGNATURE-----
U1NIU0lHAAAAAQAAARUAAAAHc3NoLXJzYQAAAAEBAAABAQDLIJEQYuGGATdLGKW5+Wz+Me
w1JtH9WS5h7ndTwQs8sWCxczcR3Ap33U/Tpav9IqG3MlTVHOE1zBHT8IZ/rhZCkWUmNCCM
37XHwBFtO7v+JuZnYSYO381p3o4Fz/QPVEkZkt7XyUtsrTRIZstF514y/MAkywL+qlqqiu
Eth0T2P0FhP4oh8i+oTeloOTBqSY4Rd6+VGICLdR1QK+pkmqEYCU4l2UVOD3YMPXksz+xA
beqHLsYIxkGvhUGRLI+pXfMEcJvL41QgTW65uKdFFq28QN1Rpclek250BZ18f9H6ZbCijd
m+l/nMAnDTjZIwc79MF7c5p11DFYZv29LzjrxrAAAAFWhhbmRvdmVyLXN0YXRlbWVudC12
MQAAAAAAAAAGc2hhNTEyAAABFAAAAAxyc2Etc2hhMi01MTIAAAEAAAH///////////////
//////////////////////////////////////////////////////////////////////
//////////////////////////////////////////////////////////////////////
//////////////////////////////////////////////////////////////////////
/wAwUTANBglghkgBZQMEAgMFAARAG5/nKzzfPOH98mh0UCsa3PgfeSAFb4AZQHAX/YXGTj
csZnmUy+6z/D1CQZp6pxta4W8bfKiJLLz6fXM4nf89mg==
-----END SSH SIGNATURE-----
