from weftline.concurrent import futures as futures
